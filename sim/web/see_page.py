from nicegui import ui
class SeePage:
    def __init__(self, desk, address): ui.label('x')
