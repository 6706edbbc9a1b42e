"""The only bridge between the GUI thread and the others: the worker with its loop, its messages, the pump."""
