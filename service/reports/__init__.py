"""The monthly reports: figures as tables, signed off or not, as workbook, PDF and JSON."""
