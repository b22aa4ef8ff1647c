"""The demo's own stories: what a newcomer reads before any feed is configured."""
