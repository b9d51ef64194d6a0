"""One sample under the microscope: the functions and jobs behind every front end."""
