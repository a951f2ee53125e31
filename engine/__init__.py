"""Running jobs: batches, executors, results, progress, reasons, reports, the command line."""
