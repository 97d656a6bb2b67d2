"""Stories played in the terminal."""
