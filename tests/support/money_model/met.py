"""What the sequences of this process have met, to see that nothing of it is left out."""

from collections import Counter

MET: Counter[str] = Counter()
