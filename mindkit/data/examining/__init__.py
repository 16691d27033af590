"""What the doctor looks at: one module for files, columns, labels, samples and origin."""
