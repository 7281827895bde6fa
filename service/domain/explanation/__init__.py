"""Why a point's figure is what it is: its minutes, hour by hour and day by day, and what they come to."""
