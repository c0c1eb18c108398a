"""``python -m anytasktune``."""

from anytasktune.cli.main import main

if __name__ == "__main__":
    main()
