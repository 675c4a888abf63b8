"""Shows that each criterion's tests go red when the program stops doing what it says."""
