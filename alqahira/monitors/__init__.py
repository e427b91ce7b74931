"""What is judged of every run at its end, and whom that is told: rules, the Spidermon suite, its actions."""
