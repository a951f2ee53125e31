"""Formulas on bars as they arrive: what a batch over all bars would say, bar for bar.

1. take bars, as frames or one by one; refuse what comes late or twice, by name             arriving.py
2. check them as a batch's are, and give each symbol its place                              members.py
3. run the plan on them
   - where kernels do it all, one row at a time from the state of each symbol               standing.py, stages.py
   - else over the bars that the plan reaches, kept for that                                recomputing.py
4. select matches, and values for who asks                                                  scanner.py
5. write all of that to a file, and go on from it                                           saving.py
"""
