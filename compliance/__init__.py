"""What the law asks for, apart from any call. Imports neither `rtc` nor `server`; empty until its first duty."""
