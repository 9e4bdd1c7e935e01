"""What otaproof depends on: the locked versions, who needs which, their licences, and the bill of materials."""
