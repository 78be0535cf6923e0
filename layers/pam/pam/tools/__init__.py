"""What Claude can do for a traveller: one definition a tool, on the same domain functions as everything else."""
