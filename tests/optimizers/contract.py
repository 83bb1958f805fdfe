"""What every optimizer must do; its tests subclass this."""
