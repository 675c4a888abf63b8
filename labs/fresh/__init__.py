"""A machine that has nothing: a minimal Debian in a folder, and a newcomer who runs the README's
two commands in it."""
