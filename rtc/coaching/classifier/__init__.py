"""What a turn means: a sentence encoder, and a small classifier over it trained on sentences we wrote ourselves."""
