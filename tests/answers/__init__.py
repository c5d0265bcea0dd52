"""Every answer of an org with a wrong value at every place: nothing is a defect, doubled, lost or told in public."""
