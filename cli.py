"""Run naps from a checkout: ``python cli.py run demo``."""

from naps.cli import main

if __name__ == "__main__":
    main()
