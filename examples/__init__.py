"""What comes with otaproof to try it on: an example project, and some of the recorded vectors."""
