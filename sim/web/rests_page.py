from nicegui import ui
class RestsPage:
    def __init__(self, desk, address): ui.label('x')
