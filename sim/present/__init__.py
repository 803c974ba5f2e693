"""How results are shown: formats, tables, answers, figures and reports."""
