// A box that floats at something, above all else, until it is closed.

/**
 * Opens `box` at `anchor`, under its `edge`, left or right; a press elsewhere closes it, and so does `close()`;
 * `closed()` is told once, however it came. `again()` puts it right when its size changed.
 */
export function popup(box, anchor, { edge, closed }) {
  const listening = new AbortController();
  const { signal } = listening;

  function close() {
    if (signal.aborted) return;
    listening.abort();
    box.remove();
    closed();
  }

  const again = () => (anchor.isConnected ? stand(box, anchor, edge) : close());
  const elsewhere = (event) => !box.contains(event.target) && !anchor.contains(event.target) && close();
  const scrolled = (event) => !box.contains(event.target) && again();

  // While a dialog is open, only what is in it can be reached.
  const home = anchor.closest("dialog") ?? document.querySelector("main");
  home.append(box);
  stand(box, anchor, edge);
  document.addEventListener("pointerdown", elsewhere, { capture: true, signal });
  document.addEventListener("scroll", scrolled, { capture: true, signal });
  addEventListener("resize", again, { signal });
  return { close, again };
}

function stand(box, anchor, edge) {
  const at = anchor.getBoundingClientRect();
  const { width, height } = box.getBoundingClientRect();
  const wished = edge === "left" ? at.left : at.right - width;
  const left = Math.max(8, Math.min(wished, innerWidth - width - 8));
  const below = at.bottom + 4;
  const top = below + height > innerHeight - 8 ? Math.max(8, at.top - height - 4) : below;
  box.style.setProperty("left", `${left}px`);
  box.style.setProperty("top", `${top}px`);
}
