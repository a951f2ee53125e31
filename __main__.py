"""The command, where its name is not on the path: `python -m barsweep scan ...`."""

from .engine.command_line import main

if __name__ == "__main__":
    main()
