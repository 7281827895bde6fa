"""Supply reliability: from outages of users to the indices of DL/T 836 and IEEE 1366, exactly."""
