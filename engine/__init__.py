"""Running jobs: batches, executors, results, progress, the command line."""
