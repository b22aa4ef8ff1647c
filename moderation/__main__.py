"""`python -m moderation`: its commands, without the bot."""

from moderation.cli import main

if __name__ == "__main__":
    main()
