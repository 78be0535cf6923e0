"""Parks, and towns that are too small for the list of cities. Coordinates are rounded degrees."""

PARKS = """
Acadia National Park|ME|44.34|-68.27
Arches National Park|UT|38.73|-109.59
Badlands National Park|SD|43.86|-102.34
Banff National Park|AB|51.50|-115.93
Big Bend National Park|TX|29.25|-103.25
Big Sur State Park|CA|36.25|-121.78
Black Canyon of the Gunnison National Park|CO|38.58|-107.74
Bryce Canyon National Park|UT|37.59|-112.19
Canyonlands National Park|UT|38.33|-109.88
Capitol Reef National Park|UT|38.29|-111.26
Carlsbad Caverns National Park|NM|32.15|-104.56
Crater Lake National Park|OR|42.94|-122.10
Custer State Park|SD|43.73|-103.44
Dead Horse Point State Park|UT|38.48|-109.74
Death Valley National Park|CA|36.51|-117.08
Denali National Park and Preserve|AK|63.33|-150.50
Devils Tower National Monument|WY|44.59|-104.72
Everglades National Park|FL|25.29|-80.90
Glacier National Park|MT|48.76|-113.79
Grand Canyon National Park|AZ|36.06|-112.14
Grand Teton National Park|WY|43.79|-110.68
Great Smoky Mountains National Park|TN|35.61|-83.49
Jasper National Park|AB|52.87|-117.95
Joshua Tree National Park|CA|33.87|-115.90
Kakadu National Park|NT|-12.84|132.39
Lassen Volcanic National Park|CA|40.49|-121.42
Mammoth Cave National Park|KY|37.19|-86.10
Mesa Verde National Park|CO|37.23|-108.46
Mount Rainier National Park|WA|46.88|-121.73
Olympic National Park|WA|47.80|-123.60
Petrified Forest National Park|AZ|34.91|-109.81
Redwood National Park|CA|41.21|-124.00
Rocky Mountain National Park|CO|40.34|-105.68
Saguaro National Park|AZ|32.30|-111.17
Sequoia National Park|CA|36.49|-118.57
Shenandoah National Park|VA|38.48|-78.45
Theodore Roosevelt National Park|ND|46.98|-103.54
Valley of Fire State Park|NV|36.44|-114.51
White Sands National Park|NM|32.78|-106.17
Yellowstone National Park|WY|44.60|-110.50
Yosemite National Park|CA|37.87|-119.54
Zion National Park|UT|37.30|-113.03
"""
"""Name, state, latitude, longitude. `AB` is in Canada, `NT` in Australia."""

TOWNS = """
Boulder|UT|37.91|-111.42|240
Chloride|AZ|35.41|-114.20|250
Escalante|UT|37.77|-111.60|790
Gardiner|MT|45.03|-110.71|850
Green River|UT|38.99|-110.16|860
Marfa|TX|30.31|-104.02|990
Mexican Hat|UT|37.17|-109.87|30
Springdale|UT|37.19|-113.00|550
Terlingua|TX|29.32|-103.62|110
Torrey|UT|38.30|-111.42|240
Tusayan|AZ|35.97|-112.13|600
Wall|SD|43.99|-102.24|700
"""
"""Name, state, latitude, longitude, inhabitants."""
