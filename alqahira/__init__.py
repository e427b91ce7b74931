"""alqahira: the defense and foreign-affairs coverage of Al-Qahera News as exact, deduplicated JSON Lines."""
