"""SQL over candles: one SELECT in which scan('...') and bars('...') are tables.

1. read the statement with DuckDB's own parser, find the calls in it             statements.py, calls.py
2. check their formulas; what is wrong has its place in the SQL                   checking.py, faults.py
3. let DuckDB plan the query over empty tables of the same columns, and read      planning.py, needs.py,
   from its plan which columns, symbols and dates are wanted                      conditions.py
4. compute what is wanted: formulas that ask for the same bars in one job         filling.py
5. put the tables in the places of the calls, and let DuckDB run the query        connection.py, answers.py
"""
