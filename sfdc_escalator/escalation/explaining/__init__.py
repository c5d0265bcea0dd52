"""Why a case matches or not, and what is missing."""
