"""A scan as a page to look at: one file that opens without a network.

gathering.py  what the page shows, put together
  points.py     the formulas that were tried, taken apart
  table.py      the matches
  drawing.py    candles, indicators and the values of parts, symbol by symbol
  returns.py    what came after the matches
  trouble.py    errors and warnings
packing.py    data as text that a page can hold
page.py       the page itself, made of the files in parts/
showing.py    what a result offers: report, chart, and itself as a table in notebooks
"""
