"""The reader's side: what people do in the chat, as JSON over HTTP under ``/playground``."""
