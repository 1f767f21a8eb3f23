"""What the law asks for, apart from any call: imports neither `rtc` nor `server`. Empty until its first duty is built."""
