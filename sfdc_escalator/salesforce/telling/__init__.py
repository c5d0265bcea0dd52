"""Messages to people through the org itself: the bell, Chatter, and the people who are their recipients."""
