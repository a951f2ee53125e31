"""Where candles come from: repositories, importing, checking, sample data."""
