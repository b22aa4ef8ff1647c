"""What the bot adds to the web process: the stories API, the webhook, the article page, the demo's feeds."""
