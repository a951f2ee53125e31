"""Running jobs: batches, executors, results, progress, SQL, the command line."""
