"""Work orders: what becomes of an advice, the steps of their life, and the books that keep them."""
