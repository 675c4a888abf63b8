"""Updates brought to the bot's webhook, until it says that it has them."""
