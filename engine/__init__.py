"""Running jobs: batches, executors, results, progress, live bars, clusters, SQL, reasons, reports, the command line."""
