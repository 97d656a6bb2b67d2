"""What eksctl is going to do, told as a tree of tasks."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """`sub`: told as sub-tasks, indented; a single one without its frame. Parallel if not `ordered`."""

    tasks: Sequence["Tree | str"]
    sub: bool = False
    ordered: bool = False

    def described(self) -> str:
        if not self.tasks:
            return "no tasks"
        told = [
            (task if isinstance(task, str) else task.described()).removesuffix("\n") for task in self.tasks
        ]
        noun = "sub-task" if self.sub else "task"
        if len(told) == 1:
            return told[0] if self.sub else f"1 {noun}: {{ {told[0]} }}"
        mode = "sequential" if self.ordered else "parallel"
        if not self.sub:
            return f"\n{len(told)} {mode} {noun}s: {{ {', '.join(told)} \n}}\n"
        lines = "".join(f"{' ' * 8}{each},\n" for each in told)
        return f"\n    {len(told)} {mode} {noun}s: {{ \n{lines}    }}\n"
