"""`python -m bot`: the same command as `baithak`."""

from bot.cli import main

main()
