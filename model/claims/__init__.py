"""The claims: their wording, how they read after one power cut, and how over a state of the device."""
