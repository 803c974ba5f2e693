"""What is measured: each public function gives the lines of one table, at tiny sizes if asked."""
