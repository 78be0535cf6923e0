-- loses-data: the tables order_events, order_lines, orders, cart_lines, carts, shop_rates, products
drop table order_events, order_lines, orders, cart_lines, carts, shop_rates, products;
drop function reserve_stock(), return_stock();
