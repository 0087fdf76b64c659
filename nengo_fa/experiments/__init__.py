"""The experiments, one file each: functions that return data, without a figure."""
