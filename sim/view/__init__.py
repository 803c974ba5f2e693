"""What people look at: figures, the model description, reports."""
