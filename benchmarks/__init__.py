"""What is measured, and how anybody can measure it again."""
