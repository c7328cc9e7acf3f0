"""The same work on many tasks: in processes of this machine, on a Ray cluster, in jobs of Slurm (no torch in here)."""
