"""What every stage uses: errors, resources, files, settings, digests and seeds."""
