"""MedS3: grow a small medical reasoning model on your own machine.

Research software, not a medical device.
"""

__version__ = "0.1.0"
SAFETY_NOTE = (
    "Research software, not a medical device: this is not medical advice. "
    "Refer to a clinician for any decision about care."
)
