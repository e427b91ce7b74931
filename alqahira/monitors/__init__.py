"""What is checked of every run at its end, and who is alerted."""
