"""Batches that run elsewhere: the same job, with other machines' processes for threads.

1. a batch is written down as an order: JSON, never code                                    orders.py, job_texts.py
2. whoever gets it opens the candles, runs it and writes what is found to a file             working.py, parcels.py
   under the order's hash: to run an order twice does no harm, and what is there is not run again
3. the driver waits for it as for a thread, with the same clocks, halving and cancel         driving.py
   and notes what was run, and what was run again                                           journal.py
4. rankings: columns of each round in files, gathered by ts and put back                     ranking.py
5. a job that is taken up again is cut as it was                                             cutting.py
6. where orders are run: processes.py, ray.py, dask.py; nothing else knows
   what these share; which can be had by name                                                folders.py, naming.py
"""
