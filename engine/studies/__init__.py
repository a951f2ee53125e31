"""What signals are worth: matches counted, ranked, clustered in time, and what prices did after them."""
