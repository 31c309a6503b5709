"""The parts of the demo; `../demo.py` starts it, `story.py` tells it."""
